"""What earlier runs said of the same samples."""
