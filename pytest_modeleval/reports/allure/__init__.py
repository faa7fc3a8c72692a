"""A run as results for Allure, made from the store at its end."""
