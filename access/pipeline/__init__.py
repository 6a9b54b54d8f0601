"""What the workflows of a repository on GitHub need besides Pulumi."""
