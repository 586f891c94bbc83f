//! Files from the network: streamed, verified, renamed into place.
