"""A campaign on one machine: a newsletter, somewhere to send it, and people and scanners who follow its links."""
