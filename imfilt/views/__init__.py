"""Pictures and tables for a person's eyes."""
