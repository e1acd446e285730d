"""Jobs, runners, outcomes: how many files become one run. No terminal."""
