"""What the API says: errors, identifiers, wire models, the model catalogue, the checks on what comes in."""
