//! What wheels, sdists and source trees say of themselves.
