"""What was handed in: files found, whose they are, and which of them count."""
