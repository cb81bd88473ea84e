-- opened: an ESP's pixel told so. landed: a landing page told of a visitor.
ALTER TABLE messages
    ADD COLUMN IF NOT EXISTS opened Bool DEFAULT false AFTER bounced,
    ADD COLUMN IF NOT EXISTS landed Bool DEFAULT false AFTER opened
