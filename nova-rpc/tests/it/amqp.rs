//! The AMQP transport on a real broker: the suite, and what is its own.

mod broker;
mod endings;
mod load;
mod loss;
mod suite;
mod wire;
