mod prompts;
mod replies;
