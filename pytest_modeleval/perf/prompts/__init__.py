"""What a load test asks: prompts out of files, hubs and dice, and the request bodies made of them."""
