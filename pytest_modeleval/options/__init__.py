"""What the user asked for: flags, files of settings, and what their texts stand for."""
