"""Where judged events are kept, and the numbers that are made of them."""
