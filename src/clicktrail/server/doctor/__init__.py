"""Diagnose an installation, a received message or a campaign, and name one cause and one fix for each thing found.

Each module checks one subject and returns `Finding`s. docs/reference/doctor.md lists their codes.
"""
