"""How models use what they think before they answer."""
