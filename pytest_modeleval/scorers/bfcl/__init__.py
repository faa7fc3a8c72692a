"""The Berkeley Function-Calling Leaderboard: its rows, its rules and its figures, without a model."""
