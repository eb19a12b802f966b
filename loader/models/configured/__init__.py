"""Models that the configuration declares instead of files: audiences and computed traits."""
