"""What the figures say: of the objectives, of an earlier load, and of the measurement itself."""
