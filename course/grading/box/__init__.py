"""A box, what runs in it, and what is around it."""
