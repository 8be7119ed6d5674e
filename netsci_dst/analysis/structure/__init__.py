"""How links lie beyond degrees: communities, cores, clustering, resilience."""
