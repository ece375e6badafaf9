"""The operator: provisions toolbox pods and their volumes, reads the agent's metrics, and reports."""
