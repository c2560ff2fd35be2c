"""What the service does, each in a few lines: ingest, resolve, evaluate, publish."""
