"""What the control plane does beyond the API: time, queries, actions, problems, summaries, whole sessions."""
