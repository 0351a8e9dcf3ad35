//! Yixun 颐巡: supervision of elder-care facilities. In reading order: time, ids and faults; the database and the file
//! store; who may do what; the capabilities from the roster to the letter; the background work; the web. One direction
//! of dependency: `http → capability → rules + store → db`.

pub mod clock;
pub mod fault;
pub mod ids;

pub mod db;
pub mod files;

pub mod access;
pub mod audit;

pub mod app;
pub mod config;
pub mod http;
pub mod jobs;
pub mod telemetry;
