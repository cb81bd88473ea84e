"""The journal on the machine's own disk: every event, durable before anybody is answered.

One folder a writer below the journal's folder, in each of them segments (``segments``) made of frames (``frames``).
``writer`` appends, ``reader`` reads on from where it stopped last, which ``cursor`` remembers.
"""
