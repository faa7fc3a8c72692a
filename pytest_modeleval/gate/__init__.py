"""Is the model good enough, and is it worse than it was?"""
