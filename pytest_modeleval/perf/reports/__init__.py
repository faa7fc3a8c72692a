"""Load tests as people and other programs read them."""
