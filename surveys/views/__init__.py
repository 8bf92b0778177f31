"""The pages of the surveys floor."""
