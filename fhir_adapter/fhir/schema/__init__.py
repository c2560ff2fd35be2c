"""The official R4 JSON schema, cut to the types this service reads and writes, and the script that cuts it."""
