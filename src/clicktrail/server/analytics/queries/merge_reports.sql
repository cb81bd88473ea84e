-- Outdated reports may quote personal URLs: have their rows dropped now, and not whenever it pays.
OPTIMIZE TABLE reports FINAL
