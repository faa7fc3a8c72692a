"""What the user asked of load tests."""
