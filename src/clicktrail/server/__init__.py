"""The parts that do input and output, and the pipeline between them."""
