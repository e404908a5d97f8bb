#include "app/chat/answer_run.h"

#include "app/chat/chat_backend.h"

namespace quern::app {
namespace {

constexpr int checkpoint_interval_ms = 500;

const Message& lastMessage(Conversation& conversation) {
  return conversation.messages()->message(conversation.messages()->messageCount() - 1);
}

}  // namespace

AnswerRun::AnswerRun(ChatBackend& backend, ChatStore& store, QObject* parent)
    : QObject(parent), backend_(backend), store_(store) {
  connect(&backend, &ChatBackend::prefilled, this, [this](int done, int total) {
    prompt_done_ = done;
    prompt_total_ = total;
    Q_EMIT progressed();
  });
  connect(&backend, &ChatBackend::generated, this, &AnswerRun::receive);
  connect(&backend, &ChatBackend::finished, this,
          [this](const GenerationEnd& ending) { end(ending, {}, {}); });
  connect(&backend, &ChatBackend::failed, this, [this](const QString& what, const QString& advice) {
    GenerationEnd failure;
    failure.state = MessageState::Failed;
    failure.tokens = tokens_ - tokens_before_;
    end(failure, what, advice);
  });
  checkpoints_.setInterval(checkpoint_interval_ms);
  connect(&checkpoints_, &QTimer::timeout, this, &AnswerRun::checkpoint);
}

AnswerRun::~AnswerRun() { checkpoint(); }

void AnswerRun::begin(Conversation* conversation, int first, const QString& model) {
  conversation_ = conversation;
  asked_ = false;
  prompt_done_ = prompt_total_ = 0;
  tokens_per_second_ = 0;
  Message answer = lastMessage(*conversation);
  tokens_ = tokens_before_ = answer.tokens;
  answer.state = MessageState::Waiting;
  answer.model = model;
  answer.error.clear();
  answer.advice.clear();
  conversation->messages()->updateLast(answer);
  conversation->setStored();
  setState(Prefill);
  Q_EMIT progressed();
  store_.save(conversation->record(), first, conversation->messages()->messages(first),
              [this] { ask(); });
}

void AnswerRun::ask() {
  asked_ = true;
  if (state_ != Prefill || !conversation_) {  // stopped before it was asked
    GenerationEnd cancelled;
    cancelled.state = MessageState::Cancelled;
    end(cancelled, {}, {});
    return;
  }
  const int last = conversation_->messages()->messageCount() - 1;
  const Message& answer = conversation_->messages()->message(last);
  ChatRequest request;
  request.turns = conversation_->turns(last);
  request.settings = conversation_->settings()->value();
  if (!answer.text.isEmpty()) {
    request.turns.push_back({Role::assistant, answer.text});
    request.continue_last = true;
  }
  checkpoints_.start();
  backend_.generate(request);
}

void AnswerRun::stop() {
  if (state_ != Prefill && state_ != Generating) return;
  setState(Stopping);
  if (asked_) backend_.stop();
}

void AnswerRun::abandon() {
  checkpoints_.stop();
  conversation_ = nullptr;
  stop();
  Q_EMIT stateChanged();
}

void AnswerRun::receive(const GenerationUpdate& update) {
  tokens_ = tokens_before_ + update.tokens;
  tokens_per_second_ = update.tokens_per_second;
  Q_EMIT progressed();
  if (!conversation_) return;
  conversation_->setContextUsed(update.context_used);
  if (update.text.isEmpty()) return;
  if (state_ == Prefill) {
    Message answer = lastMessage(*conversation_);
    answer.state = MessageState::Generating;
    conversation_->messages()->updateLast(answer);
    setState(Generating);
  }
  conversation_->messages()->appendText(update.text);
  unsaved_ = true;
}

void AnswerRun::checkpoint() {
  if (!conversation_ || !std::exchange(unsaved_, false)) return;
  store_.update(lastMessage(*conversation_));
}

void AnswerRun::end(const GenerationEnd& end, const QString& error, const QString& advice) {
  if (state_ == Idle) return;
  checkpoints_.stop();
  unsaved_ = false;
  Conversation* conversation = conversation_;
  if (conversation != nullptr) {
    Message answer = lastMessage(*conversation);
    answer.state = end.state;
    answer.error = error;
    answer.advice = advice;
    answer.tokens = tokens_before_ + end.tokens;
    if (end.tokens_per_second > 0) answer.tokens_per_second = end.tokens_per_second;
    conversation->messages()->updateLast(answer);
    if (end.context_used > 0) conversation->setContextUsed(end.context_used);
    store_.update(lastMessage(*conversation));
  }
  conversation_ = nullptr;
  setState(Idle);
  Q_EMIT ended(conversation);
}

void AnswerRun::setState(State state) {
  if (state_ == state) return;
  state_ = state;
  Q_EMIT stateChanged();
}

}  // namespace quern::app
