"""What is kept: rows in SQLite or PostgreSQL, bytes in blobs. The SQL is in sql/, one statement per name."""
