"""The journal on local disk: every event is durable before a request is answered.

The journal's folder has one folder for each writer, with segment files of checksummed frames (``segments``). ``writer``
appends batches of events, ``reader`` reads the events of all writers and stores how far it has read.
"""
