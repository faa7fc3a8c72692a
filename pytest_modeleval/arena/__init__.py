"""Models whose answers are judged against each other: battles as items, and the ratings that they make."""
