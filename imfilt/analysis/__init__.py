"""What the engine does, and did: findings from arrays and recipes, which no picture is made with; no files."""
