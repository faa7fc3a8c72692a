"""From an item to the answers of its model."""
