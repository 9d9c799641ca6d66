"""The next purchase: when it comes, and what is bought."""
