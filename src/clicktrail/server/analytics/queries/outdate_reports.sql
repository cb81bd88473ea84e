INSERT INTO reports SELECT campaign, whole, {version:UInt64}, '' FROM reports FINAL
