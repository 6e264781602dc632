"""What the post and the desk do, one noun per file, each knowing only those before it. No Flask in here."""
