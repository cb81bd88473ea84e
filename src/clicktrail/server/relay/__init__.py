"""The SMTP relay: messages in, tracked messages out, nothing queued."""
