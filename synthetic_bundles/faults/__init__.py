"""What goes wrong between a birth and the record of it: drawn from a seed, stated in the truth."""
