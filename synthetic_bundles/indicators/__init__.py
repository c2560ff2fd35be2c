"""The true counts of all indicators, written from their definitions in plain numpy, apart from any engine."""
