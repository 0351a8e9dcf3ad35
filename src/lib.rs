//! Yixun 颐巡: supervision of elder-care facilities. In reading order: time, ids and faults; the database and the file
//! store; who may do what; the capabilities from the roster to the letter; the background work; the web. One direction
//! of dependency: `http → capability → rules + store → db`.

pub mod canonical;
pub mod clock;
pub mod fault;
pub mod ids;
pub mod metrics;
pub mod tables;

pub mod db;
pub mod files;

pub mod access;
pub mod audit;
pub mod settings;

pub mod calendar;
pub mod campaigns;
pub mod checklists;
pub mod compliance;
pub mod directory;
pub mod escalation;
pub mod findings;
pub mod fire;
pub mod handover;
pub mod indicators;
pub mod inspections;
pub mod ledger;
pub mod letters;
pub mod notices;
pub mod officers;
pub mod opinions;
pub mod photos;
pub mod projects;
pub mod replies;
pub mod sync;
pub mod today;
pub mod uploads;

pub mod app;
pub mod commands;
pub mod config;
pub mod demo;
pub mod http;
pub mod jobs;
pub mod reference;
pub mod telemetry;
pub mod verify;
