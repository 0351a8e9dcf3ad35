//! yixun
