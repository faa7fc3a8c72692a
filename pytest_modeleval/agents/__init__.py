"""What a benchmark of agents is made of: tools, and the loop in which a model uses them."""
