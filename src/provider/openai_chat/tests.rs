mod failures;
mod fake;
mod limits;
mod prompts;
mod replies;
mod shapes;
