//! Properties of images.
