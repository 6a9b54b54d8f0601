"""The steps of GitHub workflows that Pulumi does not have."""
