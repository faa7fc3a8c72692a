"""From a declared benchmark to the items that pytest runs."""
