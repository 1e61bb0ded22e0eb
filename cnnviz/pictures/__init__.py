"""From arrays to pictures and words. No Qt."""
