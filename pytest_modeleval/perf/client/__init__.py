"""A load as it is sent, and what comes back: bytes, their times, and what is read of them."""
